-- Adds a nullable column: every reader of the old shape goes on, the new column is withheld from
-- governed topics until a policy names it.
ALTER TABLE pizzashop.users ADD COLUMN phone VARCHAR(20) NULL COMMENT 'pii: phone' AFTER email;
