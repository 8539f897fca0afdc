/** Reads the gateway's configuration and starts the TCP services that it names, each on its port or on a free one. */
import { readFile } from 'node:fs/promises'
import type { RealtimeOptions } from 'fastify-bayeux'
import { parse } from 'yaml'
import { configurationFile } from './files.js'
import { listenOrMove } from './listen.js'
import type { TextService } from './services/text-service.js'

/** The gateway's options, with the services as this demo has them: behind TCP, or built in. */
export interface Configuration extends RealtimeOptions {
  services: Record<string, { type: 'tcp', port: number, domain: string } | { type: 'monitoring' }>
}

/** The file as it stands. */
export async function readConfiguration (): Promise<Configuration> {
  return parse(await readFile(configurationFile, 'utf8'))
}

/**
 * Starts the services where the configuration says they are; one that has to move is moved there too.
 * @param warn told of each move
 */
export async function startServices (configuration: Configuration, services: Readonly<Record<string, TextService>>, warn: (text: string) => void): Promise<void> {
  for (const [name, service] of Object.entries(services)) {
    const definition = configuration.services[name]
    if (definition?.type !== 'tcp') continue
    const { port, domain } = definition
    definition.port = await listenOrMove(port, port => service.listen(port, domain), actual => warn(`port ${port} is taken: ${name} listens on ${actual} instead`))
  }
}
