import { expect, it } from 'vitest'

import { readConfig } from './config.ts'

it('needs no setting on a machine of its own', () => {
  expect(readConfig({})).toMatchObject({
    listen: { host: '127.0.0.1', port: 8084 },
    operations: { host: '127.0.0.1', port: 9084 },
    drainDelayMs: 5_000,
    gatewayOrigin: 'http://127.0.0.1:8080',
  })
})

it('starts beside a Kubernetes Service of its own name', () => {
  const links = {
    CONSOLE_SERVICE_HOST: '10.96.0.17',
    CONSOLE_SERVICE_PORT: '80',
    CONSOLE_SERVICE_PORT_HTTP: '80',
    CONSOLE_PORT: 'tcp://10.96.0.17:80',
    CONSOLE_PORT_80_TCP: 'tcp://10.96.0.17:80',
    CONSOLE_PORT_80_TCP_PROTO: 'tcp',
    CONSOLE_PORT_80_TCP_PORT: '80',
    CONSOLE_PORT_80_TCP_ADDR: '10.96.0.17',
  }
  expect(readConfig({ ...links })).toMatchObject({ listen: { port: 8084 } })
})
