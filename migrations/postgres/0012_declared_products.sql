-- Products and plug-ins beside those of the catalogue.
CREATE TABLE declared_product (
    organization_id BIGINT NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    code            TEXT COLLATE "C" NOT NULL,
    name            TEXT COLLATE "C" NOT NULL,
    is_plugin       BOOLEAN NOT NULL,
    PRIMARY KEY (organization_id, code)
);
