-- Products and plug-ins beside those of the catalogue.
CREATE TABLE declared_product (
    organization_id INTEGER NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    code            TEXT NOT NULL,
    name            TEXT NOT NULL,
    is_plugin       INTEGER NOT NULL,
    PRIMARY KEY (organization_id, code)
) STRICT;
