select * from {{ ref('bronze.custmers') }} c
join {{ ref('silver.customers') }} d using (id)
