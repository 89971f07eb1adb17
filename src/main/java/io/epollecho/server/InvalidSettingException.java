package io.epollecho.server;

/** Thrown if the value of a setting is not allowed, before any socket is opened. */
public final class InvalidSettingException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    /** The key of the setting. */
    private final String key;

    /** The rejected value, as written in a configuration file. */
    private final String value;

    /** The requirement that the value does not meet. */
    private final String requirement;

    /**
     * Creates the exception.
     *
     * @param key the key of the setting, such as {@code connections.max}
     * @param value its value as written in a configuration file
     * @param requirement the requirement as a clause such as "it must be 1 to 256", with the remedy
     *     if another setting must be changed
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
     * @return the key, such as {@code connections.max} or {@code listeners.second.port}
     */
    public String key() {
        return key;
    }

    /**
     * Returns the rejected value.
     *
     * @return the value as written in a configuration file, such as {@code 64KB}
     */
    public String value() {
        return value;
    }

    /**
     * Returns the requirement that the value does not meet.
     *
     * @return a clause such as "it must be 1 to 256"
     */
    public String requirement() {
        return requirement;
    }
}
