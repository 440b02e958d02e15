select id
from 'orders.csv'
