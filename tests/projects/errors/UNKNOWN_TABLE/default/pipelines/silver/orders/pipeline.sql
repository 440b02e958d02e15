select * from bronze.crn
