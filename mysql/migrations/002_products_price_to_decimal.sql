-- Turns money from FLOAT into DECIMAL: the type changes for every reader, so the governed topic of
-- products gets a new major version.
ALTER TABLE pizzashop.products MODIFY COLUMN price DECIMAL(8, 2) NULL;
