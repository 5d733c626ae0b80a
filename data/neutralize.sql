-- A copied database must neither call nor be able to call a connected system.
UPDATE bridge_connector
   SET state = 'disabled', secret_sealed = NULL, refresh_token_sealed = NULL, token_secret_sealed = NULL,
       proxy_password_sealed = NULL, hook_secret_sealed = NULL, hook_old_secret_sealed = NULL, hook_token_sealed = NULL,
       hook_token_hash = NULL, hook_remote_id = NULL;
UPDATE bridge_job
   SET state = 'cancelled'
 WHERE state IN ('pending', 'running');
UPDATE bridge_gate
   SET token_sealed = NULL;
UPDATE bridge_delivery
   SET state = 'cancelled'
 WHERE state = 'waiting';
-- What was changed in the original is the original's matter to send.
DELETE FROM bridge_change;
