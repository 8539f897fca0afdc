/** What `--help` prints. It fits 80 columns. */
import { actionOptions, valueOptions, variableOf, type ActionOption, type ValueOption } from './option-table.js'

const INDENT = ' '.repeat(28)

const ABOUT = `A realtime gateway: services of this machine and of others in the browser, by
Bayeux over WebSocket and long-polling.

Usage: fastify-bayeux [options]

  npx fastify-bayeux --service random=tcp://localhost:1315
  npx fastify-bayeux --service 'load=exec:vmstat -n 1?framing=lines&shared=1'
  npx fastify-bayeux --config realtime.yml --host 0.0.0.0 --port 8080
  npx fastify-bayeux --config realtime.yml --check

With the first one, who subscribes to /service/random has a TCP connection to
port 1315. Other channels need no configuration: what somebody publishes to
/chat goes to everybody who subscribed to it.`

const OPTIONS = `Options, their environment variables and their defaults:
${[...valueOptions, ...actionOptions].map(rowOf).join('\n')}

The command line wins over the environment, and both over FILE; services of all
three add up, by name.`

const URLS = `URLs of services:
  tcp://HOST:PORT           A TCP connection.
  tls://HOST:PORT           A TLS connection.
  udp://HOST:PORT           Datagrams. With listen=1, those sent to HOST:PORT.
  unix:/PATH or unix:@NAME  A UNIX socket; an abstract one (Linux).
  ws://… or wss://…         A WebSocket of another server.
  exec:COMMAND ARGUMENTS    Stdin and stdout of a process. There is no shell;
                            quotes hold words together: exec:echo 'two words'
  monitoring:               Figures of this gateway.

Fields of the service follow behind ? or #: tcp://localhost:1315?framing=lines.
The query of a WebSocket's URL is for the other server, so there it is # only.
  all                       encoding=utf8|json|base64|binary hello=TEXT
                            writable=1 connectTimeout=MS idleTimeout=MS
                            shared=1, and with it snapshot=COUNT
                            snapshotKey=PROPERTY linger=MS reconnect=0
  tcp tls unix exec         framing=raw|lines|content-length,
                            framing=delimiter&delimiter=TEXT,
                            framing=length-prefixed&bytes=1|2|4, and with it
                            endian=little inclusive=1
  tls wss                   ca=FILE cert=FILE key=FILE passphrase=TEXT
                            servername=HOST rejectUnauthorized=0
  udp                       listen=1
  ws wss                    protocols=NAME headers.NAME=TEXT
  exec                      cwd=FOLDER env.NAME=TEXT
  monitoring                interval=MS`

const REST = `FILE holds options of the plugin, as its README tells them; not those that are
functions:
  services:
    random: { type: tcp, domain: localhost, port: 1315, framing: lines }
  maxInterval: 30000

Exit codes:
  0  All went well. SIGTERM and Ctrl-C answer every client and end every
     service; a second one does not wait.
  1  With --check, a service could not be reached.
  2  The command line, the configuration or the machine is not as it has to be.

In a terminal the log is for people. Elsewhere it is JSON, on stdout.`

/** It ends without a line break. */
export const help = [ABOUT, OPTIONS, URLS, REST].join('\n\n')

function rowOf (option: ValueOption | ActionOption): string {
  const short = option.short === undefined ? '    ' : `-${option.short}, `
  const names = `  ${short}--${option.name}${'value' in option ? ` ${option.value}` : ''}`
  const [first, ...more] = [...option.meaning, ...'value' in option ? [sourceOf(option)] : []]
  return [names.padEnd(INDENT.length) + first, ...more.map(line => INDENT + line)].join('\n')
}

function sourceOf ({ name, fallback, many, also }: ValueOption): string {
  const variables = [variableOf(name), ...also === undefined ? [] : [also]].join(' or ')
  const more = [...many === undefined ? [] : [many.how], ...fallback === undefined ? [] : [`default ${fallback}`]]
  return `[${[variables, ...more].join('; ')}]`
}
