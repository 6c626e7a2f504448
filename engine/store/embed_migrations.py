#!/usr/bin/env python3
"""embed_migrations: writes the migration files into a C++ source, so that an installed parleyd needs none.

usage: embed_migrations.py OUTPUT.cpp FILE.sql...
"""
import os
import re
import sys

output, *files = sys.argv[1:]
pairs = {}
for path in files:
    match = re.fullmatch(r"(\d{4})_(\w+)\.(up|down)\.sql", os.path.basename(path))
    if not match:
        sys.exit(f"{path}: the name must be NNNN_name.up.sql or NNNN_name.down.sql")
    with open(path, encoding="utf-8") as file:
        pairs.setdefault((int(match[1]), match[2]), {})[match[3]] = file.read()

with open(output, "w", encoding="utf-8") as out:
    out.write("// Made by embed_migrations.py from schema/migrations.\n")
    out.write('#include "engine/store/migrations.hpp"\n\nnamespace parley::store {\n\n')
    out.write("const std::vector<Migration>& embedded_migrations() {\n")
    out.write("  static const std::vector<Migration> all{\n")
    for (version, name), sql in sorted(pairs.items()):
        if set(sql) != {"up", "down"}:
            sys.exit(f"migration {version:04}_{name} needs an up and a down file")
        out.write(f'      {{{version}, "{name}", R"sql({sql["up"]})sql", R"sql({sql["down"]})sql"}},\n')
    out.write("  };\n  return all;\n}\n\n}  // namespace parley::store\n")
