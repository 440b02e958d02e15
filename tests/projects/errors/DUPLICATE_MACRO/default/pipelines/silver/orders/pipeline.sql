select {{ cents('amount') }} as cents from {{ ref('bronze.crm') }}
