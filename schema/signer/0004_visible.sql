-- Signatures that can be seen in a PDF.
ALTER TABLE signer.component ADD COLUMN visible text CHECK (octet_length(visible) BETWEEN 1 AND 200);
COMMENT ON COLUMN signer.component.visible IS 'where its signature is to be seen (rules/visible.h); NULL: nowhere';
GRANT UPDATE (visible) ON signer.component TO antin_signer;
