"""The headers that no bulk message leaves without."""

UNSUBSCRIBE = {
    "List-Unsubscribe": "<https://portal.example.org/unsubscribe/{{token}}/>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
}
