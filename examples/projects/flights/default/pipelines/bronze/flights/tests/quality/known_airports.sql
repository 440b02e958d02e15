-- @description: Every flight leaves from one of New York's three airports in a month that exists
-- @severity: error
-- @remediation: Look at the file named in the sample; take it out of the landing zone and ask for it again
select filename, year, month, day, carrier, flight, origin
from {{ new_rows }}
where origin not in ('EWR', 'JFK', 'LGA') or try_cast(month as integer) not between 1 and 12
