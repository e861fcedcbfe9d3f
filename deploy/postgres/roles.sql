-- {% if !is_own_postgres && !is_existing %}Role and database of Synapse, and the bot's role{% else %}The bot's role{% endif %} for reading people. For the administrator of EquipeMed's
-- PostgreSQL, once, as root on the machine with the set (the passwords are read from their files and appear nowhere):
--
--   psql --host … --username eqmd_user --dbname {{ equipemed_database_name }} --file {{ folder }}/postgres/roles.sql
--
-- Repeating it sets the passwords and limits again and changes nothing else. What the bot may read is granted by what
-- `equipemed-bot directory install-triggers --print` prints.
\set ON_ERROR_STOP on
-- A statement with a password in it never stands in the server's log, not even one that fails.
set log_min_error_statement = panic;
set log_statement = 'none';
set log_min_duration_statement = -1;
{%- if !is_own_postgres && !is_existing %}
-- The fifth field of libpq's password file, in which : and \ are escaped.
\set synapse_password `sed 's/^\([^:]*:\)\{4\}//; s/\\\(.\)/\1/g' {{ folder }}/synapse/secrets/pgpass`
{%- endif %}
\set reader_password `sed 's|^[^:]*://[^:]*:||; s|@.*||' {{ folder }}/bot/secrets/directory_url`
{%- if !is_own_postgres && !is_existing %}

-- Before anything changes: limits on the administrator's own role would leave the cluster without an administrator.
do $$
begin
    if exists (select from pg_roles where rolname = '{{ database_user }}' and (rolsuper or rolname = current_user)) then
        raise exception 'database_user {{ database_user }} is an administrator of this PostgreSQL'
            using hint = 'Nothing was changed. Name a role of Synapse''s own in deploy.yaml, and run deploy init again.';
    end if;
end
$$;

select format('create role %I login', '{{ database_user }}')
 where not exists (select from pg_roles where rolname = '{{ database_user }}') \gexec
alter role "{{ database_user }}" with nosuperuser nocreatedb nocreaterole connection limit 15 password :'synapse_password';
-- Locale C: Synapse refuses to start on another, because a change of the system's sorting would break its indexes.
select format('create database %I owner %I encoding ''UTF8'' locale ''C'' template template0', '{{ database_name }}', '{{ database_user }}')
 where not exists (select from pg_database where datname = '{{ database_name }}') \gexec
revoke connect on database "{{ database_name }}" from public;
{%- endif %}

select 'create role equipemed_bot_ro login'
 where not exists (select from pg_roles where rolname = 'equipemed_bot_ro') \gexec
-- Three of the service, three of a command beside it.
alter role equipemed_bot_ro with nosuperuser nocreatedb nocreaterole connection limit 6 password :'reader_password';
grant connect on database "{{ equipemed_database_name }}" to equipemed_bot_ro;
