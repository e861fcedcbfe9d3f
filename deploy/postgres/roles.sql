-- Roles and database of Synapse, and the bot's role for reading people. For the administrator of PostgreSQL, once, as
-- root on the machine with the set (the passwords are read from their files and appear nowhere):
--
--   psql --host … --username postgres --dbname postgres --file {{ folder }}/postgres/roles.sql
--
-- Repeating it sets the passwords and limits again and changes nothing else. What the bot may read is granted by what
-- `equipemed-bot directory install-triggers --print` prints.
\set ON_ERROR_STOP on
\set synapse_password `cut -d: -f5 {{ folder }}/synapse/secrets/pgpass`
\set reader_password `sed 's|^[^:]*://[^:]*:||; s|@.*||' {{ folder }}/bot/secrets/directory_url`

select format('create role %I login', '{{ database_user }}')
 where not exists (select from pg_roles where rolname = '{{ database_user }}') \gexec
alter role "{{ database_user }}" with nosuperuser nocreatedb nocreaterole connection limit 15 password :'synapse_password';
-- Locale C: Synapse refuses to start on another, because a change of the system's sorting would break its indexes.
select format('create database %I owner %I encoding ''UTF8'' locale ''C'' template template0', '{{ database_name }}', '{{ database_user }}')
 where not exists (select from pg_database where datname = '{{ database_name }}') \gexec
revoke connect on database "{{ database_name }}" from public;
{%- if !is_own_postgres %}

select 'create role equipemed_bot_ro login'
 where not exists (select from pg_roles where rolname = 'equipemed_bot_ro') \gexec
-- Three of the service, three of a command beside it.
alter role equipemed_bot_ro with nosuperuser nocreatedb nocreaterole connection limit 6 password :'reader_password';
grant connect on database "{{ equipemed_database_name }}" to equipemed_bot_ro;
{%- endif %}
