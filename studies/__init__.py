"""The programme, its themes and studies, and the co-production ledger."""
