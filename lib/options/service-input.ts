/** A service as a user writes it: what has a default may be left out. */
import type { Static, TSchema } from '@sinclair/typebox'
import type { Caller, InternalHandler, Session } from '../../types/index.js'
import type { FramingOption } from '../framing/index.js'
import type { Awaitable, common, Target } from './service.js'

/** What a user writes for all of them. */
interface CommonInput {
  framing?: FramingOption
  encoding?: Static<typeof common.encoding>
  connectTimeout?: number
  idleTimeout?: number
  authorize?: (session: Session) => Awaitable<boolean | string>
  schema?: { publish?: TSchema, event?: TSchema }
  hello?: unknown
  writable?: boolean
  shared?: boolean | {
    linger?: number
    snapshot?: number | { size?: number, key?: string | ((data: any) => unknown) }
    reconnect?: boolean | { min?: number, max?: number }
  }
  resolve?: (caller: Caller, session: Session) => Awaitable<Target | readonly Target[] | null | undefined>
  targets?: readonly Target[]
}

type Pems = string | Buffer | (string | Buffer)[]
interface CertificateInput { ca?: Pems, cert?: Pems, key?: Pems, passphrase?: string, servername?: string, rejectUnauthorized?: boolean }
type WithoutFraming = Omit<CommonInput, 'framing'>
// Where targets or resolve say where the service is, the definition need not.
type Located<T, Where> = T & (Where | (Partial<Where> & (Pick<Required<CommonInput>, 'resolve'> | Pick<Required<CommonInput>, 'targets'>)))

/** A service as a user writes it. */
export type ServiceInput =
  | Located<CommonInput & { type?: 'tcp', domain?: string }, { port: number }>
  | Located<CommonInput & CertificateInput & { type: 'tls', domain?: string }, { port: number }>
  | Located<CommonInput & { type: 'unix' }, { path: string }>
  | Located<WithoutFraming & { type: 'udp', domain?: string, listen?: boolean }, { port: number }>
  | Located<WithoutFraming & CertificateInput & { type: 'websocket', protocols?: string[], headers?: Record<string, string> }, { url: string }>
  | Located<CommonInput & { type: 'process', args?: string[], cwd?: string, env?: Record<string, string> }, { command: string }>
  | CommonInput & { type: 'internal', handler: InternalHandler }
  | WithoutFraming & { type: 'monitoring', interval?: number }
  | CommonInput & { type: string } & Record<string, unknown>
