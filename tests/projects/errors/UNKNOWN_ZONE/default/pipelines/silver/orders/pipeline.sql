select *
from read_csv('{{ landing_zone('ordrs') }}')
