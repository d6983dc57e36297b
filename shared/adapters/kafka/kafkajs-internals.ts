/**
 * The one door to the inside of kafkajs, which is pinned exactly: its connections with TLS and SASL, metadata, and
 * group requests. What it does with records we do ourselves: its decoder loses the order of headers, and its sender
 * and consumer hide retries and resets.
 */
import './kafkajs-connections.ts'
import './kafkajs-metadata.ts'
import './kafkajs-timers.ts'
import { createRequire } from 'node:module'
import type { ConnectionOptions } from 'node:tls'
import type { ISocketFactory, logCreator, SASLOptions } from 'kafkajs'

export interface WireCall<T> {
  readonly request: {
    readonly apiKey: number
    readonly apiVersion: number
    readonly apiName: string
    readonly encode: () => Promise<KafkajsEncoder>
  }
  readonly response: {
    readonly decode: (payload: Buffer) => Promise<T>
    readonly parse: (decoded: T) => Promise<T>
  }
  readonly requestTimeout: number
  readonly logResponseError: boolean
}

/** A request's body, as kafkajs's encoder shows it to the frame around it. */
export interface KafkajsEncoder {
  readonly buf: Buffer
  readonly buffer: Buffer
}

export interface GroupMemberRef {
  readonly groupId: string
  readonly memberId: string
}

/** A broker of the cluster, connected. */
export interface KafkaNode {
  readonly nodeId: number
  readonly connectionPool: { send<T>(call: WireCall<T>): Promise<T> }
  disconnect(): Promise<void>
  listOffsets(request: {
    readonly isolationLevel: number
    readonly topics: readonly {
      readonly topic: string
      readonly partitions: readonly { readonly partition: number; readonly timestamp: number }[]
    }[]
  }): Promise<{
    readonly responses: readonly {
      readonly partitions: readonly { readonly partition: number; readonly offset: string }[]
    }[]
  }>
  joinGroup(request: {
    readonly groupId: string
    readonly sessionTimeout: number
    readonly rebalanceTimeout: number
    readonly memberId: string
    readonly groupProtocols: readonly { readonly name: string; readonly metadata: Buffer }[]
  }): Promise<{
    readonly generationId: number
    readonly leaderId: string
    readonly memberId: string
    readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[]
  }>
  syncGroup(
    request: GroupMemberRef & {
      readonly generationId: number
      readonly groupAssignment: readonly { readonly memberId: string; readonly memberAssignment: Buffer }[]
    },
  ): Promise<{ readonly memberAssignment: Buffer }>
  heartbeat(request: GroupMemberRef & { readonly groupGenerationId: number }): Promise<unknown>
  leaveGroup(request: GroupMemberRef): Promise<unknown>
  offsetCommit(
    request: GroupMemberRef & { readonly groupGenerationId: number; readonly topics: readonly CommitTopic[] },
  ): Promise<unknown>
  offsetFetch(request: {
    readonly groupId: string
    readonly topics: readonly {
      readonly topic: string
      readonly partitions: readonly { readonly partition: number }[]
    }[]
  }): Promise<{
    readonly responses: readonly {
      readonly partitions: readonly { readonly partition: number; readonly offset: string }[]
    }[]
  }>
}

export interface CommitTopic {
  readonly topic: string
  readonly partitions: readonly { readonly partition: number; readonly offset: string }[]
}

export interface PartitionMetadata {
  readonly partitionId: number
  readonly leader: number
  readonly partitionErrorCode: number
}

export interface KafkajsCluster {
  readonly targetTopics: Set<string>
  connect(): Promise<void>
  disconnect(): Promise<void>
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>
  refreshMetadata(): Promise<void>
  refreshMetadataIfNecessary(): Promise<void>
  findTopicPartitionMetadata(topic: string): readonly PartitionMetadata[]
  findBroker(node: { readonly nodeId: number }): Promise<KafkaNode>
  findGroupCoordinator(group: { readonly groupId: string }): Promise<KafkaNode>
}

export interface ClusterOptions {
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly ssl: ConnectionOptions | undefined
  readonly sasl: SASLOptions | undefined
  readonly connectionTimeout: number
  readonly requestTimeout: number
  readonly metadataMaxAge: number
  readonly retry: { readonly retries: number; readonly initialRetryTime: number; readonly maxRetryTime: number }
}

type Logger = object
type ClusterClass = new (
  options: ClusterOptions & {
    readonly logger: Logger
    readonly socketFactory: ISocketFactory
    readonly enforceRequestTimeout: boolean
    readonly authenticationTimeout: number
    readonly reauthenticationThreshold: number
    readonly allowAutoTopicCreation: boolean
    readonly maxInFlightRequests: null
    readonly isolationLevel: number
  },
) => KafkajsCluster

const require = createRequire(import.meta.url)
const Cluster = require('kafkajs/src/cluster/index.js') as ClusterClass
const { createLogger } = require('kafkajs/src/loggers/index.js') as {
  createLogger: (options: { readonly level: number; readonly logCreator: logCreator }) => Logger
}
const socketFactory = require('kafkajs/src/network/socketFactory.js') as () => ISocketFactory

/** A request's body as kafkajs takes it, without a copy. */
export function encoded(bytes: Buffer): KafkajsEncoder {
  return { buf: bytes, buffer: bytes }
}

const WARN = 2
const READ_COMMITTED = 1
const AUTHENTICATION_MS = 10_000

/** A cluster's connections, not connected yet. */
export function kafkajsCluster(options: ClusterOptions, log: logCreator): KafkajsCluster {
  return new Cluster({
    ...options,
    logger: createLogger({ level: WARN, logCreator: log }),
    socketFactory: socketFactory(),
    enforceRequestTimeout: true,
    authenticationTimeout: AUTHENTICATION_MS,
    reauthenticationThreshold: AUTHENTICATION_MS,
    allowAutoTopicCreation: false,
    maxInFlightRequests: null,
    isolationLevel: READ_COMMITTED,
  })
}
