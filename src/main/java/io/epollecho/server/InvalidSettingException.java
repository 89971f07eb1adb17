package io.epollecho.server;

/** A setting has a value that it cannot have. Thrown before any socket is opened. */
public final class InvalidSettingException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    private final Setting setting;
    private final String value;
    private final String remedy;

    /**
     * Says what is wrong.
     *
     * @param setting the setting
     * @param value its value
     * @param remedy what to do about it
     */
    public InvalidSettingException(Setting setting, Object value, String remedy) {
        super(setting.key() + " is " + value + ": " + remedy);
        this.setting = setting;
        this.value = value.toString();
        this.remedy = remedy;
    }

    /**
     * The setting.
     *
     * @return which one is wrong
     */
    public Setting setting() {
        return setting;
    }

    /**
     * The value.
     *
     * @return the refused value as text
     */
    public String value() {
        return value;
    }

    /**
     * The way out.
     *
     * @return what a person can do about it
     */
    public String remedy() {
        return remedy;
    }
}
