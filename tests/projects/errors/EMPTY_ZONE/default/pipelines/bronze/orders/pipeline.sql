select *
from read_csv_auto('{{ landing_zone("orders") }}')
