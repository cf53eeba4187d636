-- The pizza shop's tables and the users of the stack. Run by `cdc stack up` as root when it is new
-- or has changed; every statement can be run again. Names in double braces are secrets.

CREATE DATABASE IF NOT EXISTS pizzashop;

CREATE TABLE IF NOT EXISTS pizzashop.users (
    id          SERIAL PRIMARY KEY,
    first_name  VARCHAR(255),
    last_name   VARCHAR(255),
    email       VARCHAR(255),
    residence   VARCHAR(500),
    lat         DECIMAL(10, 8),
    lon         DECIMAL(10, 8),
    created_at  TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at  DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP
);

CREATE TABLE IF NOT EXISTS pizzashop.products (
    id          SERIAL PRIMARY KEY,
    name        VARCHAR(100),
    description VARCHAR(500),
    category    VARCHAR(100),
    price       FLOAT,
    image       VARCHAR(200),
    created_at  TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at  DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP
);

-- Where the connector is told to take snapshots of single tables while it streams.
CREATE DATABASE IF NOT EXISTS headworks;

CREATE TABLE IF NOT EXISTS headworks.signals (
    id   VARCHAR(64) PRIMARY KEY,
    type VARCHAR(32) NOT NULL,
    data TEXT
);

-- Reads the binlog and, for a snapshot, the rows. It may write nothing but its own signals.
CREATE USER IF NOT EXISTS 'debezium'@'%';
ALTER USER 'debezium'@'%' IDENTIFIED BY {{debezium.password}};
GRANT RELOAD, SHOW DATABASES, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'debezium'@'%';
GRANT SELECT, LOCK TABLES ON pizzashop.* TO 'debezium'@'%';
GRANT SELECT, INSERT ON headworks.signals TO 'debezium'@'%';

-- Compares what was published with the source.
CREATE USER IF NOT EXISTS 'verify'@'%';
ALTER USER 'verify'@'%' IDENTIFIED BY {{verify.password}};
GRANT REPLICATION CLIENT ON *.* TO 'verify'@'%';
GRANT SELECT ON pizzashop.* TO 'verify'@'%';
