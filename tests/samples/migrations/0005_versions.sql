insert into versions (name, version) values ('invented', 7);
update bindings set missing_reads = missing_reads;
