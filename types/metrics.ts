/** What the services count, since start. */
export interface ServiceMetrics {
  /** Publishes that waited for a service that reads slowly. */
  servicePauses: number
  /** Messages of services that could not be read. */
  serviceDropped: number
  /** Events of services, bytes read from them and written to them. */
  serviceEvents: number
  serviceBytesIn: number
  serviceBytesOut: number
}

/** Counters since start, and gauges of now. Plain numbers, cheap to read. */
export interface Metrics extends ServiceMetrics {
  /** Gauges. */
  sessions: number
  subscriptions: number
  links: number
  heldConnects: number
  /** Messages that came in, and that went out (replies and events). */
  messagesIn: number
  messagesOut: number
  /** Messages published by clients and by the application, and their deliveries to sessions. */
  published: number
  delivered: number
  handshakes: number
  /** Sessions that expired, that were ended because they read too slowly, that moved to another connection. */
  expired: number
  overflowed: number
  takenOver: number
  /** Times that services were paused for a slow client, and that a client was not read because its lane was full. */
  clientPauses: number
  lanePauses: number
  /** Connects that were not held because their browser polls already. */
  pollsDeclined: number
  /** Error replies, and services that broke, by Bayeux code: `{ 402: 3 }`. */
  refused: Record<number, number>
  /** HTTP answers that are refusals, by status. */
  httpRefused: Record<number, number>
  /** WebSockets that the gateway closed, by code; 1006: cut for silence. */
  socketsClosed: Record<number, number>
}
