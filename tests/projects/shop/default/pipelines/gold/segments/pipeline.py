#!/usr/bin/env python
# @merge_strategy: full_refresh
# @timeout: 90s
result = ref('silver.orders')
