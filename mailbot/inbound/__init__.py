"""Mail comes in: accepted by listener and smtp, read by interpret; everything here below the engine."""
