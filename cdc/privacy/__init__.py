"""What may leave: one policy file per table, one rule per column, fail closed.

`policy` reads the files, `transforms` holds one rule a file, `plan` binds a policy to a table. Pure
but for reading the file: keys come in as arguments.
"""
