/** One model of the built-in catalog. */
export interface CatalogModel {
  /** As the downloaded file will be called: docs/architecture.md. */
  readonly name: string;
  /** `org/repo` on Hugging Face. */
  readonly repository: string;
  /** In the repository; of a model in shards the first one. */
  readonly file: string;
  /** Of all its files together. Read again from the repository at download. */
  readonly sizeBytes: number;
  readonly architecture: string;
  readonly quantisation: string;
  /** The context length that it was trained for. */
  readonly contextLength: number;
  readonly licence: string;
  /** The file in the same repository that lets it read images. */
  readonly projector: string | null;
  /** Name of the catalog's model that drafts for it. */
  readonly draft: string | null;
}
