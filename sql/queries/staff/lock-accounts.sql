-- Until the end of the transaction nobody else adds an account; reading goes on.
-- params: none
-- rows: none
lock table accounts in share row exclusive mode
