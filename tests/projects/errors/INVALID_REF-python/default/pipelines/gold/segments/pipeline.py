result = ref("orders")
