/**
 * The demo: a Fastify server with the realtime gateway, two TCP services and the gateway's own figures behind
 * it, a counter, a chat, a page that brings them to the browser, and the monitor page; in one process, or in
 * several. `--help` says the rest.
 */
import cluster from 'node:cluster'
import { startAlone } from './alone.js'
import { readArguments, type Settings } from './arguments.js'

async function start ({ place, workers, nats }: Settings): Promise<void> {
  // What several processes need is not asked of one.
  const url = workers === undefined ? await startAlone(place) : await (await import('./primary.js')).startWorkers(place, workers, nats)
  process.stdout.write(`\nOpen ${url}\n\n`)
}

function fail ({ message }: Error): never {
  process.stderr.write(`The demo cannot start: ${message}\n`)
  process.exit(1)
}

function run (): void {
  const asked = readArguments(process.argv.slice(2), process.env)
  if ('place' in asked) {
    start(asked).catch(fail)
    return
  }
  process[asked.exitCode === 0 ? 'stdout' : 'stderr'].write(`${asked.text}\n`)
  process.exitCode = asked.exitCode
}

if (cluster.isPrimary) run()
else import('./worker.js').then(({ work }) => work()).catch(fail)
