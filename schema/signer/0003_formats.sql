-- Format and level are chosen per component and per dossier; what was truly reached is kept beside what was asked for. A sealed dossier has a container.

ALTER TABLE signer.component
    ADD COLUMN format        text CHECK (format IN ('pades', 'cades', 'xades')),
    ADD COLUMN level         text NOT NULL DEFAULT 'B-LTA' CHECK (level IN ('B-B', 'B-T', 'B-LT', 'B-LTA')),
    ADD COLUMN level_reached text CHECK (level_reached IN ('B-B', 'B-T', 'B-LT', 'B-LTA'));
UPDATE signer.component SET format = CASE WHEN kind = 'pdf' THEN 'pades' ELSE 'cades' END,
    level = CASE WHEN signed_sha256 IS NOT NULL OR signature IS NOT NULL THEN 'B-T' ELSE 'B-LTA' END,
    level_reached = CASE WHEN signed_sha256 IS NOT NULL OR signature IS NOT NULL THEN 'B-T' END;
ALTER TABLE signer.component ALTER COLUMN format SET NOT NULL, ADD CHECK (format <> 'pades' OR kind = 'pdf');
COMMENT ON COLUMN signer.component.format IS 'pades: signed inside; cades, xades: a signature beside it';
COMMENT ON COLUMN signer.component.level IS 'baseline level that was asked for (ETSI EN 319 122-1, 319 132-1, 319 142-1 §6)';
COMMENT ON COLUMN signer.component.level_reached IS 'the level that the signature truly has; never more than that is said of it';
COMMENT ON COLUMN signer.component.signed_sha256 IS 'the signed PDF (PAdES) in the content store';
COMMENT ON COLUMN signer.component.signature IS 'the signature beside a component: CAdES (CMS) or XAdES (XML)';

ALTER TABLE signer.dossier
    ADD COLUMN level text NOT NULL DEFAULT 'B-LTA' CHECK (level IN ('B-B', 'B-T', 'B-LT', 'B-LTA'));
COMMENT ON COLUMN signer.dossier.level IS 'level asked for of the signatures over the whole dossier: those of its container and its seal';

ALTER TABLE signer.seal
    ADD COLUMN container_citizen bytea,
    ADD COLUMN container_service bytea,
    ADD COLUMN level_reached text CHECK (level_reached IN ('B-B', 'B-T', 'B-LT', 'B-LTA')),
    ADD CHECK ((container_citizen IS NULL) = (container_service IS NULL) AND (container_citizen IS NULL) = (level_reached IS NULL));
COMMENT ON COLUMN signer.seal.container_citizen IS 'XAdES of the citizen over all components as uploaded; NULL: sealed before there were containers';
COMMENT ON COLUMN signer.seal.container_service IS 'XAdES of the service''s seal over every file of the container';
COMMENT ON COLUMN signer.seal.level_reached IS 'of the weakest of the three signatures in this row';
COMMENT ON TABLE signer.seal IS 'The manifest (RFC 8785), the service''s seal over it (CAdES), and the signatures of the container';

-- One activation covers the components and the container.
ALTER TABLE signer.signing_item
    DROP CONSTRAINT signing_item_position_check,
    DROP CONSTRAINT signing_item_kind_check,
    ADD CONSTRAINT signing_item_position_check CHECK (position BETWEEN 0 AND 64),
    ADD CONSTRAINT signing_item_kind_check CHECK (kind IN ('pades', 'cades', 'xades'));
COMMENT ON TABLE signer.signing_item IS 'One thing to be signed: a PDF with its prepared increment, a whole file, or a prepared XML signature';
COMMENT ON COLUMN signer.signing_item.component IS 'its name; empty: the container of them all';
COMMENT ON COLUMN signer.signing_item.digest IS 'SHA-256 of the bytes to be signed: the PDF''s ByteRange, the file, or SignedInfo';
COMMENT ON COLUMN signer.signing_item.increment IS 'what is prepared: a PDF''s increment without its placeholder''s zeros, an XML signature without its value';
COMMENT ON COLUMN signer.signing_item.contents_at IS 'where the signature goes: in the signed PDF, in the XML text';

-- Old rows are right by the old rule, which is narrower: they need not be read.
ALTER TABLE signer.timestamp DROP CONSTRAINT timestamp_purpose_check;
ALTER TABLE signer.timestamp ADD CONSTRAINT timestamp_purpose_check CHECK (purpose IN ('tsa', 'signature', 'seal', 'archive')) NOT VALID;

GRANT UPDATE (format, level, level_reached) ON signer.component TO antin_signer;
