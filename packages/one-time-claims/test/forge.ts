/**
 * An issuer for tests: a key pair, a JWKS on loopback that counts its visitors, and a signer that signs whatever it is told to.
 */
import { createPrivateKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface KeyPair {
  readonly privateJwk: { kty: 'OKP'; crv: 'Ed25519'; x: string; d: string; kid: string }
  readonly privateKey: KeyObject
  readonly publicJwk: { kty: 'OKP'; crv: 'Ed25519'; x: string; kid: string; alg: 'Ed25519'; use: 'sig' }
}

export function newKeyPair(kid: string = randomBytes(8).toString('hex')): KeyPair {
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  const x = String(jwk.x)
  const privateJwk = { kty: 'OKP', crv: 'Ed25519', x, d: String(jwk.d), kid } as const
  const publicJwk = { kty: 'OKP', crv: 'Ed25519', x, kid, alg: 'Ed25519', use: 'sig' } as const
  return { privateJwk, privateKey: createPrivateKey({ key: privateJwk, format: 'jwk' }), publicJwk }
}

/** Objects are written as JSON, strings and bytes as they are. */
export function base64url(part: unknown): string {
  const bytes = Buffer.isBuffer(part) || typeof part === 'string' ? part : JSON.stringify(part)
  return Buffer.from(bytes).toString('base64url')
}

export function forge(header: unknown, payload: unknown, key: KeyObject): string {
  const input = `${base64url(header)}.${base64url(payload)}`
  return `${input}.${base64url(sign(null, Buffer.from(input), key))}`
}

export interface TestServer extends AsyncDisposable {
  readonly url: URL
  readonly requests: number
}

export async function serve(answer: RequestListener): Promise<TestServer> {
  let requests = 0
  const server = createServer((request, response) => {
    requests += 1
    answer(request, response)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: new URL(`http://127.0.0.1:${port}/jwks.json`),
    get requests() {
      return requests
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}

export function serveKeys(keys: () => readonly object[]): Promise<TestServer> {
  return serve((_, response) => {
    response.setHeader('content-type', 'application/jwk-set+json')
    response.end(JSON.stringify({ keys: keys() }))
  })
}
