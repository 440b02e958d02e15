# ref("bronze.in_a_comment") is no call
text = "ref('bronze.in_a_text')"
customers = ref("bronze.crm")
orders = ref("bronze.orderz")
other = self.ref("bronze.of_something_else")
result = []
