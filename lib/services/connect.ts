import type { Connector, ConnectorContext, ServiceDuplex, ServiceError } from '../../types/index.js'
import type { ServiceOptions } from '../options/index.js'
import { refusal, type Refusal } from '../protocol/error.js'
import { NoTarget } from './targets.js'

/** A Duplex that may still be connecting, as Node's sockets are. */
interface Connecting extends ServiceDuplex {
  readonly connecting?: boolean
  readonly encrypted?: boolean
}

/**
 * Runs a connector and waits until its Duplex is connected.
 * A Duplex that comes after the abort is destroyed; nobody waits for it.
 * @throws what the connector threw or its socket failed with, or the reason of the abort
 */
export async function connect (connector: Connector, service: ServiceOptions, context: ConnectorContext): Promise<ServiceDuplex> {
  const { signal } = context
  const made = Promise.resolve().then(() => connector(service, context))
  made.then(duplex => {
    if (!signal.aborted) return
    duplex.on('error', () => {})
    duplex.destroy()
  }, () => {})
  const duplex = await Promise.race([made, aborted(signal)])
  // From here to its end somebody listens to its errors.
  duplex.on('error', () => {})
  try {
    if ((duplex as Connecting).connecting === true) await Promise.race([connected(duplex), aborted(signal)])
    return duplex
  } catch (error) {
    duplex.destroy()
    throw error
  }
}

function aborted (signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

function connected (duplex: Connecting): Promise<void> {
  return new Promise((resolve, reject) => {
    duplex.once(duplex.encrypted === true ? 'secureConnect' : 'connect', resolve)
    duplex.once('error', reject)
    duplex.once('close', () => reject(new Error('closed while connecting')))
  })
}

// Node's codes of a certificate that does not convince: DEPTH_ZERO_SELF_SIGNED_CERT, CERT_HAS_EXPIRED …
const CERTIFICATE = /CERT|UNABLE_TO_(?:GET_ISSUER|VERIFY)/

/** What a client is told of a connection that failed: no address, no detail. */
export function refusalOf (error: unknown, channel: string): Refusal {
  const { code = '', told } = error as NodeJS.ErrnoException & ServiceError
  if (error instanceof NoTarget) return refusal(403, channel, 'Nothing here for this session')
  if (code === 'ECONNREFUSED') return refusal(403, channel, 'Connection refused')
  if (code === 'ETIMEDOUT') return refusal(408, channel, 'Service did not answer in time')
  return refusal(502, channel, CERTIFICATE.test(code) ? 'Certificate of the service refused' : told ?? 'Service failed')
}

/** What a client is told of a conversation that broke: its reason, and the error. */
export function breakOf (error: unknown, channel: string): readonly [reason: string, error: Refusal] {
  const { code, told } = error as NodeJS.ErrnoException & ServiceError
  if (code === 'EMSGSIZE') return ['too large', refusal(413, channel, told ?? 'A message of the service is too long')]
  return ['broken', refusal(502, channel, told ?? 'Service broke')]
}
