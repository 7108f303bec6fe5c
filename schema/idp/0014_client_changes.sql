-- Each change to a client is told to whoever keeps clients in memory (idp/rules/clients.c), with the change's own commit.
CREATE FUNCTION idp.client_changed() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        PERFORM pg_notify('idp_client', '');
    ELSIF TG_TABLE_NAME = 'client' THEN
        PERFORM pg_notify('idp_client', id) FROM (VALUES (OLD.id), (NEW.id)) v (id) WHERE id IS NOT NULL;
    ELSE
        PERFORM pg_notify('idp_client', id) FROM (VALUES (OLD.client_id), (NEW.client_id)) v (id) WHERE id IS NOT NULL;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION idp.client_changed() IS 'Says on channel idp_client which client changed; an empty word means any.';

CREATE TRIGGER client_changed AFTER INSERT OR UPDATE OR DELETE ON idp.client FOR EACH ROW EXECUTE FUNCTION idp.client_changed();
CREATE TRIGGER client_changed AFTER INSERT OR UPDATE OR DELETE ON idp.redirect_uri FOR EACH ROW EXECUTE FUNCTION idp.client_changed();
CREATE TRIGGER client_changed AFTER INSERT OR UPDATE OR DELETE ON idp.post_logout_uri FOR EACH ROW EXECUTE FUNCTION idp.client_changed();
CREATE TRIGGER client_truncated AFTER TRUNCATE ON idp.client FOR EACH STATEMENT EXECUTE FUNCTION idp.client_changed();
CREATE TRIGGER client_truncated AFTER TRUNCATE ON idp.redirect_uri FOR EACH STATEMENT EXECUTE FUNCTION idp.client_changed();
CREATE TRIGGER client_truncated AFTER TRUNCATE ON idp.post_logout_uri FOR EACH STATEMENT EXECUTE FUNCTION idp.client_changed();
COMMENT ON TRIGGER client_changed ON idp.client IS 'Every change is told to all daemons, one commit after the other: no column that is written on a hot path belongs into this table.';
