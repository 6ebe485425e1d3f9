#!/usr/bin/env node
'use strict'
// The `tiltas` command: hands over to the pinned Node, which runs main.ts.
require('./with-node.cjs').run('node/cli/main.ts', process.argv.slice(2))
