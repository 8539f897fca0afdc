/** What the demo may be told: its command line, which is short, and two environment variables. */
import { parseArgs } from 'node:util'

/** Where to listen. */
export interface Settings {
  readonly host: string
  readonly port: number
}

/** Something to print instead of running. */
export interface Farewell {
  readonly text: string
  readonly exitCode: number
}

const HELP = `The demo of fastify-bayeux: three services and a chat, in the browser.

Usage: npm start
       PORT=8080 npm start
       node dist/example/demo/server.js [--help]

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

Environment:
  PORT   port of the page and the gateway; 5151 by default, 0 for any free one
  HOST   address to listen on; 127.0.0.1 by default, 0.0.0.0 for everybody

A port that is taken is replaced by a free one, and the demo says so.
Ctrl-C ends everything; a second Ctrl-C does not wait.

Options:
  -h, --help   print this and exit`

const DEFAULT_PORT = 5151

/** Reads the command line and the environment. */
export function readArguments (args: string[], env: NodeJS.ProcessEnv): Settings | Farewell {
  try {
    const { values } = parseArgs({ args, options: { help: { type: 'boolean', short: 'h' } } })
    if (values.help) return { text: HELP, exitCode: 0 }
  } catch (error) {
    return refuse((error as Error).message.split('.')[0] as string)
  }
  const { PORT = '', HOST = '' } = env
  const port = PORT === '' ? DEFAULT_PORT : Number(PORT)
  if (!Number.isInteger(port) || port < 0 || port > 65535) return refuse(`PORT is not a port: ${PORT}`)
  return { host: HOST === '' ? '127.0.0.1' : HOST, port }
}

function refuse (reason: string): Farewell {
  return { text: `${reason}. Try --help.`, exitCode: 2 }
}
