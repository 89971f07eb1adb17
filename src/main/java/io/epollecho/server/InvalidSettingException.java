package io.epollecho.server;

/** Thrown for a setting whose value is not allowed, before any socket is opened. */
public final class InvalidSettingException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    private final String key;
    private final String value;
    private final String requirement;

    /**
     * Creates the exception.
     *
     * @param key the key of the setting, such as {@code connections.max}
     * @param value its value as people write it
     * @param requirement the values that are allowed, as a clause such as "it must be 1 to 256",
     *     and the remedy where that is another setting
     */
    public InvalidSettingException(String key, String value, String requirement) {
        super(key + " is " + value + ": " + requirement);
        this.key = key;
        this.value = value;
        this.requirement = requirement;
    }

    /**
     * Returns the key of the setting.
     *
     * @return such as {@code connections.max} or {@code listeners.second.port}
     */
    public String key() {
        return key;
    }

    /**
     * Returns the refused value.
     *
     * @return the value as people write it, such as {@code 64KB}
     */
    public String value() {
        return value;
    }

    /**
     * Returns what the value must be.
     *
     * @return a clause such as "it must be 1 to 256"
     */
    public String requirement() {
        return requirement;
    }
}
