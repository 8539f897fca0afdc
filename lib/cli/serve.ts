/** Runs the gateway until a signal ends it. */
import type { FastifyInstance } from 'fastify'
import { createApplication, type LogStream } from './application.js'
import type { Settings } from './arguments.js'
import type { Configuration } from './configuration.js'
import { logLine } from './log-line.js'
import { endOnSignal } from './signals.js'
import type { Definition } from './service-url.js'
import { targetOf } from './target.js'
import { version } from './version.js'
import { WrongInput } from './wrong-input.js'

/** @returns when it listens @throws WrongInput where it cannot */
export async function serve (settings: Settings, configuration: Configuration): Promise<void> {
  const { host, port, trustProxy } = settings
  const { path = '/realtime', services = {} } = configuration.options
  const app = await createApplication(configuration, trustProxy, process.stdout.isTTY ? forPeople : process.stdout)
  endOnSignal(() => app.close(), text => app.log.info(text))
  tellSessions(app)
  try {
    await app.listen({ host, port, listenTextResolver: address => `fastify-bayeux ${version} is at ${address}${path}` })
  } catch (error) {
    throw new WrongInput(explain(error as NodeJS.ErrnoException, settings))
  }
  for (const [name, definition] of Object.entries(services)) tellService(app, name, definition as Definition)
}

const forPeople: LogStream = { write: json => process.stdout.write(`${logLine(json)}\n`) }

function tellService (app: FastifyInstance, service: string, definition: Definition): void {
  const { type = 'tcp' } = definition
  const target = targetOf(definition)
  app.log.info({ service, type, target }, `${type} ${target}`)
}

function tellSessions ({ realtime, log }: FastifyInstance): void {
  realtime.on('handshake', session => log.debug(`session ${session.number}: handshake from ${session.caller.address}`))
  realtime.on('connect', session => log.debug(`session ${session.number}: connected over ${session.transport}`))
  realtime.on('subscribe', (session, channel) => log.debug(`session ${session.number}: subscribed to ${channel}`))
  realtime.on('unsubscribe', (session, channel) => log.debug(`session ${session.number}: left ${channel}`))
  realtime.on('disconnect', (session, reason) => log.debug(`session ${session.number}: gone (${reason})`))
}

function explain ({ code = '', message }: NodeJS.ErrnoException, { host, port }: Settings): string {
  switch (code) {
    case 'EADDRINUSE': return `--port: ${port} is taken on ${host}; --port 0 takes any free one`
    case 'EACCES': return `--port: This user may not listen on ${port}`
    case 'EADDRNOTAVAIL': return `--host: ${host} is no address of this machine`
    case 'ENOTFOUND': case 'EAI_AGAIN': return `--host: ${host} is unknown`
    default: return message
  }
}
