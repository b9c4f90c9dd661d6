"""Who acts during the crash. An agent sees and proposes; only the engine sends."""
