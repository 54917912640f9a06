CREATE ROLE {database}_login LOGIN;
CREATE ROLE {database}_clerk;
CREATE ROLE {database}_auditor;
GRANT {database}_clerk, {database}_auditor TO {database}_login;
GRANT ALL ON ALL TABLES IN SCHEMA public TO {database}_login, {database}_clerk, {database}_auditor;
GRANT CREATE ON DATABASE {database} TO {database}_login;
ALTER TABLE customer ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON customer TO {database}_clerk
    USING (tenant_id = (current_setting('fragaria.claims', true)::json ->> 'tenant')::int);
CREATE POLICY of_score ON customer TO {database}_auditor USING (score >= 9);
CREATE POLICY of_login ON customer TO {database}_login USING (true);
