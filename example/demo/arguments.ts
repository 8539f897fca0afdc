/** What the demo may be told: its command line, which is short, and a few environment variables. */
import { parseArgs } from 'node:util'

/** Where to listen. */
export interface Place {
  readonly host: string
  readonly port: number
}

/** What to run. */
export interface Settings {
  readonly place: Place
  /** How many gateways, each in a process of its own; undefined: this process is the only one. */
  readonly workers: number | undefined
  /** URL of the nats-server where they meet; undefined: one is started for them. */
  readonly nats: string | undefined
}

/** Something to print instead of running. */
export interface Farewell {
  readonly text: string
  readonly exitCode: number
}

const HELP = `The demo of fastify-bayeux: three services and a chat, in the browser.

Usage: npm start
       PORT=8080 npm start
       npm start -- --workers 4
       node dist/example/demo/server.js [--workers N [--nats URL]] [--help]

It starts a Fastify server with the realtime gateway at /realtime, a page that
speaks to it at /demo/realtime, and the services behind it:

  random      1315  numbers on demand, by JSON-RPC: start [ms], stop, end
  dmsg        1316  the log of this server, live
  monitoring        figures of this process and of the gateway, each second

The page also has a chat, with who is there and what was said before, and a
button that cuts its network and shows that nothing is lost.

The services are listed in example/demo/realtime.yml, and so are their ports.
The third is built into the gateway; the others are plain text over TCP, so a
terminal does as well as the page:

  nc localhost 1315
  {"method":"start","params":[1000]}

With --workers N it runs in N processes behind one port, each of them a gateway,
and another one for what is to be there once: the services and the numbers. They
meet at a nats-server, which is started for them, and the page says on which of
them its session lives. Kill one: its pages go on elsewhere, and miss nothing.

Environment:
  PORT     port of the page and the gateway; 5151 by default, 0 for any free one
  HOST     address to listen on; 127.0.0.1 by default, 0.0.0.0 for everybody
  WORKERS  the same as --workers

A port that is taken is replaced by a free one, and the demo says so.
Ctrl-C ends everything; a second Ctrl-C does not wait.

Options:
  -w, --workers N   run in N processes, 1 to 64, that share one port and one NATS
      --nats URL    with --workers: the nats-server to use, with JetStream, as
                    nats://localhost:4222, instead of one of their own
  -h, --help        print this and exit`

const DEFAULT_PORT = 5151
const MOST_WORKERS = 64
const OPTIONS = { help: { type: 'boolean', short: 'h' }, workers: { type: 'string', short: 'w' }, nats: { type: 'string' } } as const

/** Reads the command line and the environment; the command line wins. */
export function readArguments (args: string[], env: NodeJS.ProcessEnv): Settings | Farewell {
  const told = parse(args)
  if (typeof told === 'string') return refuse(told)
  if (told.help) return { text: HELP, exitCode: 0 }
  const { PORT = '', HOST = '', WORKERS = '' } = env
  const port = PORT === '' ? DEFAULT_PORT : Number(PORT)
  if (!Number.isInteger(port) || port < 0 || port > 65535) return refuse(`PORT is not a port: ${PORT}`)
  const { workers = WORKERS, nats } = told
  const count = Number(workers)
  if (workers !== '' && !(Number.isInteger(count) && count >= 1 && count <= MOST_WORKERS)) return refuse(`Expected 1 to ${MOST_WORKERS} workers, not ${workers}`)
  if (nats !== undefined && workers === '') return refuse('--nats is for --workers')
  return { place: { host: HOST === '' ? '127.0.0.1' : HOST, port }, workers: workers === '' ? undefined : count, nats }
}

function parse (args: string[]): { help?: boolean, workers?: string, nats?: string } | string {
  try {
    return parseArgs({ args, options: OPTIONS }).values
  } catch (error) {
    return (error as Error).message.split('.')[0] as string
  }
}

function refuse (reason: string): Farewell {
  return { text: `${reason}. Try --help.`, exitCode: 2 }
}
