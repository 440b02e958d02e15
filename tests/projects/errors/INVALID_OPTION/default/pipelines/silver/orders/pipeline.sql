select *
from read_csv('{{ landing_zone('orders') }}', heder = true)
