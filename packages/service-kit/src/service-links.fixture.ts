/** What Kubernetes puts into the environment of a container for a Service of two ports, one of them named. */
export function serviceLinks(service: string): Record<string, string> {
  const name = service.toUpperCase().replaceAll('-', '_')
  const links: Record<string, string> = {
    [`${name}_SERVICE_HOST`]: '10.96.0.17',
    [`${name}_SERVICE_PORT`]: '80',
    [`${name}_SERVICE_PORT_HTTP`]: '80',
    [`${name}_SERVICE_PORT_HTTP_OPS`]: '9080',
    [`${name}_PORT`]: 'tcp://10.96.0.17:80',
  }
  for (const [port, protocol] of [
    ['80', 'tcp'],
    ['9080', 'udp'],
  ] as const) {
    const prefix = `${name}_PORT_${port}_${protocol.toUpperCase()}`
    links[prefix] = `${protocol}://[fd00:10:96::11]:${port}`
    links[`${prefix}_PROTO`] = protocol
    links[`${prefix}_PORT`] = port
    links[`${prefix}_ADDR`] = 'fd00:10:96::11'
  }
  return links
}
