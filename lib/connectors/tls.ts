import { isIP } from 'node:net'
import { connect, type ConnectionOptions } from 'node:tls'
import type { Connector } from '../../types/index.js'
import { keepAlive } from './keep-alive.js'

/**
 * A TLS connection to `domain`:`port`. The certificate of the service must be good for `servername`
 * (`domain` where it is left out) and signed by `ca`, or by an authority that Node knows.
 */
export const tls: Connector = service => {
  const { domain, port, ca, cert, key, passphrase, servername, rejectUnauthorized } = service as ConnectionOptions & { domain: string, port: number }
  const options: ConnectionOptions & { allowHalfOpen: boolean } = {
    host: domain,
    port,
    ca,
    cert,
    key,
    passphrase,
    // An address is no name that could be asked for; the certificate is checked against it all the same.
    servername: servername ?? (isIP(domain) === 0 ? domain : undefined),
    rejectUnauthorized,
    allowHalfOpen: true
  }
  return keepAlive(connect(options))
}
