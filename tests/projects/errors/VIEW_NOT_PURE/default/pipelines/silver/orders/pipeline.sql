-- @materialized: view
select *, '{{ run_started_at }}' as at
from read_csv_auto('{{ landing_zone('orders') }}')
