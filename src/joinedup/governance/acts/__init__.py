"""What people do here: each act checks leave, writes, and is audited in one transaction."""
