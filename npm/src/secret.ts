// Secrets on the wire: keys of other services, kept for LiveAvatar's use. Names are the wire's.

/** Whose key a secret is. `OPENAI_API_KEY` is for every LLM of your own, whoever makes it. */
export type SecretType = "OPENAI_API_KEY" | "ELEVENLABS_API_KEY" | "GEMINI_API_KEY" | "FISH_API_KEY" | "CARTESIA_API_KEY";

/** A secret that is to be kept. */
export interface SecretRequest {
  /** 1 to 255 characters. Names need not be unique. */
  secret_name: string;
  /** The key. It is never given back. */
  secret_value: string;
  secret_type: SecretType;
}

/** A secret that was made. */
export interface Secret {
  id: string;
  secret_name: string;
}

/** A secret in the list of all: without its value, which is never given back. */
export interface ListedSecret extends Secret {
  /** One of {@link SecretType}, or a newer one. */
  secret_type: string;
  created_at?: string;
}
