/** The Nodefony layer in Node: its names, its arguments, and what it does where it is used wrongly. */
import t, { type Test } from 'tap'
import { Realtime, type RealtimeSettings } from '../../lib/client/nodefony.js'
import type { RealtimeOptions } from '../../lib/index.js'
import { startGateway } from '../harness/gateway.js'
import { guard, PASSWORD, TOKEN, USERNAME } from '../harness/guarded-gateway.js'
import { quick, transports } from '../harness/realtime-client.js'
import { startTcpService, type TcpService } from '../harness/tcp-service.js'
import { until } from '../harness/until.js'

const named = ({ port }: TcpService): RealtimeOptions => ({ services: { random: { port, domain: '127.0.0.1', framing: 'lines' } }, directory: 'full' })

const names = ['onUnauthorized', 'onAuthorized', 'onError', 'onMessage', 'onHandshake', 'onConnect', 'onDisconnect', 'onClose', 'onSubscribe', 'onUnsubscribe'] as const

/** A realtime of which everything that fires is kept. */
function keep (t: Test, url: string, settings: RealtimeSettings = {}) {
  const fired: [name: string, ...details: any[]][] = []
  const listeners = Object.fromEntries(names.map(name => [name, (...details: unknown[]) => { fired.push([name, ...details]) }]))
  const realtime = new Realtime(url, { ...quick, ...listeners, ...settings })
  t.after(() => realtime.client.close())
  const fires = async (name: typeof names[number], count: number = 1) => {
    const those = () => fired.filter(([each]) => each === name)
    await until(() => those().length >= count, `${count} times ${name}; fired: ${fired.map(([each]) => each)}`)
    return (those()[count - 1] as unknown[]).slice(1) as any[]
  }
  return { realtime, fired, fires }
}

for (const transport of transports) {
  t.test(`the flow, over ${transport}`, async t => {
    const service = await startTcpService(t)
    const gateway = await startGateway(t, named(service))
    const { realtime, fired, fires } = keep(t, gateway.url, { transports: [transport] })
    t.equal(realtime.services, null)
    t.ok(realtime.start())
    const [authenticate, itself] = await fires('onAuthorized')
    t.equal(authenticate, null, 'nobody asked')
    t.equal(itself, realtime)
    t.ok(realtime.subscribe('random', { method: 'start' }), 'as the readme does, before it is connected')
    t.match(await fires('onHandshake'), [{ url: gateway.url, transport }])
    const [connected] = await fires('onConnect')
    const directory = { random: { type: 'tcp', port: service.port, domain: '127.0.0.1' } }
    t.match(connected, { channel: '/meta/connect', successful: true, clientId: /./, data: directory })
    t.same(realtime.services, directory)
    t.equal(realtime.publicAddress, '127.0.0.1')
    t.match(realtime.domain, { hostname: '127.0.0.1', port: new URL(gateway.url).port, protocol: 'http:' })

    const [name, subscribed, by] = await fires('onSubscribe')
    t.match([name, subscribed], ['random', { channel: '/meta/subscribe', subscription: '/service/random', ext: { socket: { type: 'tcp' } } }])
    t.equal(by, realtime)
    t.same(Object.keys(realtime.subscribedService), ['random'])
    t.match(realtime.sendMessage('random', 'more'), /^\d+$/, 'the id of the message')
    const socket = await service.socket(0)
    await until(() => service.received[0] === '{"method":"start"}\nmore\n')
    socket.write('68\n86\n')
    t.same(await fires('onMessage', 2), ['random', '86'])

    t.ok(realtime.unSubscribe('random', 'bye'))
    t.match(await fires('onUnsubscribe'), ['random', { subscription: '/service/random' }])
    await until(() => service.received[0]?.endsWith('bye\n'))
    t.ok(realtime.subscribe('random'))
    await fires('onSubscribe', 2)
    ;(await service.socket(1)).end()
    t.match(await fires('onUnsubscribe', 2), ['random', { ext: { service: { state: 'ended', reason: 'ended' } } }], 'unasked, when the service ends')
    realtime.stop()
    await fires('onDisconnect')
    t.equal(gateway.app.realtime.sessions.size, 0)
    t.notOk(fired.some(([name]) => name === 'onError'), 'no error')
  })
}

t.test('what it cannot do is told by onError', async t => {
  const service = await startTcpService(t)
  const gateway = await startGateway(t, named(service))
  const { realtime, fired, fires } = keep(t, gateway.url)
  const errors = () => fired.splice(0).filter(([name]) => name === 'onError').map(([, , status, message]) => `${status} ${message}`)
  t.throws(() => realtime.stop(), /stopped/)
  t.equal(realtime.subscribe('random'), false)
  t.equal(realtime.unSubscribe('random'), false)
  t.equal(realtime.sendMessage('random', 'x'), false)
  t.same(errors(), ['500 Not connected', '500 Not connected', '500 Not connected'])
  realtime.start()
  t.equal(realtime.start(), false)
  await fires('onConnect')
  t.ok(realtime.subscribe('random'))
  t.equal(realtime.subscribe('random'), false)
  t.equal(realtime.unSubscribe('other'), false)
  t.equal(realtime.sendMessage('other', 'x'), false)
  t.same(errors(), ['500 connection already started', '500 already subscribed', '404 service : other not subscribed', '500 service : other not subscribed'])
  realtime.subscribe('nobody')
  await fires('onError')
  t.same(errors(), ['404 404:/service/nobody:Unknown service'])
})

t.test('both spellings, listen and unListen', async t => {
  const service = await startTcpService(t)
  const gateway = await startGateway(t, named(service))
  const heard: string[] = []
  const { realtime, fires } = keep(t, gateway.url, { onUnSubscribe: name => heard.push(`settings ${name}`) })
  const context = { name: 'context' }
  const listener = function (this: unknown, name: string) { heard.push(`${(this as typeof context).name} ${name}`) }
  const unheard = () => heard.push('no')
  realtime.listen(context, 'onUnSubscribe', listener).listen(context, 'onSubscribe', listener).listen(context, 'onSubscribe', unheard)
  realtime.unListen('onSubscribe', unheard)
  realtime.unListen('onSubscribe', unheard)
  realtime.start()
  realtime.subscribe('random')
  await fires('onSubscribe')
  realtime.unSubscribe('random')
  await fires('onUnsubscribe')
  t.same(heard.sort(), ['context random', 'context random', 'settings random'])
})

t.test('a lost session comes back with its services, also where the page subscribes again', async t => {
  const service = await startTcpService(t)
  const first = await startGateway(t, named(service))
  const { realtime, fired, fires } = keep(t, first.url, { onConnect: (_message, realtime) => { realtime.subscribe('random', 'hello') } })
  realtime.start()
  await fires('onSubscribe')
  await first.app.close()
  await fires('onClose')
  await startGateway(t, named(service), { port: Number(new URL(first.url).port) })
  await fires('onSubscribe', 2)
  await until(() => service.received[1] === 'hello\n')
  await until(() => realtime.client.connection.state === 'connected')
  t.notOk(fired.some(([name, , , message]) => name === 'onError' && /subscribed/.test(message)))
  t.equal(service.sockets.length, 2)
})

for (const scheme of ['Basic', 'Bearer', 'Digest MD5', 'Digest SHA-256'] as const) {
  t.test(`onUnauthorized with ${scheme}`, async t => {
    const { options } = guard(scheme, false)
    const gateway = await startGateway(t, options)
    const { realtime, fires } = keep(t, gateway.url)
    realtime.start()
    const [authenticate, itself] = await fires('onUnauthorized')
    t.equal(itself, realtime)
    t.equal(authenticate.scheme, scheme.split(' ')[0])
    t.match(authenticate.realm, /./)
    authenticate.register('wrong', 'wrong')
    t.match(await fires('onError'), [realtime, 401, /./], 'and may be tried again')
    if (scheme === 'Bearer') authenticate.register(TOKEN)
    else authenticate.register(scheme === 'Basic' ? 'Ada the first' : USERNAME, PASSWORD)
    t.same(await fires('onAuthorized'), [authenticate, realtime])
    await fires('onConnect')
  })
}
