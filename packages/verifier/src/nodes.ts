/**
 * ② What an entry of the log is about: everyone, a tenant, a client, a subject. Sessions point at these nodes.
 * Promise: an entry touches one node, however many sessions hang on it, and what it says is seen by the next check.
 */
import type { ClientId, Permission, RoleName, SessionId, TenantId, UserId } from '@curfew/contracts'

/** A scope that can be revoked. */
export class ScopeNode {
  /** Sequence of the latest revocation: sessions born earlier are over. */
  watermark = 0
  #spared: ReadonlySet<SessionId> | undefined

  revoke(seq: number, except: readonly SessionId[] | undefined): void {
    if (seq <= this.watermark) return
    this.watermark = seq
    this.#spared = except === undefined || except.length === 0 ? undefined : new Set(except)
  }

  covers(id: SessionId, birth: number): boolean {
    return birth < this.watermark && this.#spared?.has(id) !== true
  }
}

/** A node that lives as long as a cached session points at it. */
export class CountedNode extends ScopeNode {
  sessions = 0
}

export class TenantNode extends CountedNode {
  readonly tenant: TenantId
  /** By user: what the tenant is called need not be kept for each of them. */
  readonly subjects = new NodeTable<SubjectNode>()
  /** Sequence of the latest role change or suspension: what was read before it must be read again. */
  changedAt = 0

  constructor(tenant: TenantId) {
    super()
    this.tenant = tenant
  }
}

export class ClientNode extends CountedNode {
  readonly client: ClientId

  constructor(client: ClientId) {
    super()
    this.client = client
  }
}

export interface SubjectFacts {
  readonly roles: readonly RoleName[]
  readonly permissions: ReadonlySet<Permission>
}

export class SubjectNode extends CountedNode {
  readonly user: UserId
  readonly tenantScope: TenantNode
  changedAt = 0
  /** As of which position `facts` were read. */
  #readAt = 0
  #facts: SubjectFacts

  constructor(user: UserId, tenantScope: TenantNode, read: { at: number; facts: SubjectFacts }) {
    super()
    this.user = user
    this.tenantScope = tenantScope
    this.#readAt = read.at
    this.#facts = read.facts
  }

  get facts(): SubjectFacts {
    return this.#facts
  }

  /** False once the log has said something about grants, roles or suspension that the copy here does not contain. */
  get isCurrent(): boolean {
    return this.#readAt >= this.changedAt && this.#readAt >= this.tenantScope.changedAt
  }

  /** Takes what a replica read, unless something newer is known already. */
  learn(readAt: number, facts: SubjectFacts): void {
    if (readAt < this.#readAt) return
    this.#readAt = readAt
    this.#facts = facts
  }
}

/** Nodes by key, made when first pointed at, dropped when nothing points at them any more. */
export class NodeTable<Node extends CountedNode> {
  readonly #nodes = new Map<string, Node>()

  get(key: string): Node | undefined {
    return this.#nodes.get(key)
  }

  acquire(key: string, create: () => Node): Node {
    let node = this.#nodes.get(key)
    if (node === undefined) {
      node = create()
      this.#nodes.set(key, node)
    }
    node.sessions += 1
    return node
  }

  release(key: string, node: Node): void {
    node.sessions -= 1
    if (node.sessions === 0) this.#nodes.delete(key)
  }

  clear(): void {
    this.#nodes.clear()
  }
}
