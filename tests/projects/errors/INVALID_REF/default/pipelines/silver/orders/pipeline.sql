select * from {{ ref('crm') }}
join {{ ref('bronze.crm.x.y') }} using (id)
join {{ ref('sliver.crm') }} using (id)
