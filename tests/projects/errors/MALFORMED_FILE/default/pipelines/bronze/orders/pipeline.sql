select *
from read_parquet('{{ landing_zone("orders") }}')
