#!/usr/bin/env node
/** The command `fastify-bayeux`: a gateway for who does not want to write a server. `--help` says the rest. */
import { run } from './cli/run.js'

process.exitCode = await run(process.argv.slice(2), process.env)
